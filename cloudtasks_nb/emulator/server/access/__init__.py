"""Who is calling the emulator, and do they have permission? How do users and service accounts get tokens?"""
