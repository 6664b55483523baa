"""How do calls and answers travel over gRPC?

This folder is named like the package `grpc`. Its files import that package by its name, and their neighbours with dots.
"""
