"""How do calls and responses travel over gRPC?

This folder has the same name as the package `grpc`. Its files import that package absolutely, and each other
relatively.
"""
