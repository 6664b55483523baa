"""What does each REST method do?"""
