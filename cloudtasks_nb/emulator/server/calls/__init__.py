"""Which method does a call mean, with which parameters and body, and what is wrong with it?"""
