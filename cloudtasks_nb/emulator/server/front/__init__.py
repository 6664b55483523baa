"""What does every call pass, whichever protocol it came by?"""
