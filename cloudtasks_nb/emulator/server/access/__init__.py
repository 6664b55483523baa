"""Who calls the emulator, and may they? How do people and service accounts get tokens from it?"""
