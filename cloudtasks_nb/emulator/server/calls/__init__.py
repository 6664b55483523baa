"""What is asked: a call, its method, parameters and body, read strictly, and what is wrong with it."""
