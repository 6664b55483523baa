"""Which steps does every call go through, in each protocol?"""
