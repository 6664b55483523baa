"""Sends one attempt of a push task: which request, to which target, with which token, with which outcome?"""
