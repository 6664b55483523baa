"""How calls and answers travel: the door, what every call passes, and how an answer or a refusal is written."""
