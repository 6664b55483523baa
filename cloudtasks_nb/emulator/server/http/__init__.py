"""How do calls and answers travel over HTTP: the door, and how an answer or a refusal is written?"""
