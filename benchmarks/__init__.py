"""Measurements. A package, because old releases of dependencies install one of the same name."""
