"""How do calls and responses travel over HTTP: which requests are accepted, and how is a response written?"""
