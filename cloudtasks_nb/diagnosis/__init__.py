"""Why a queue does what it does, when it will be done, and which tasks are in danger."""
