"""Patches of MiniStack, the embedded AWS: behavior of AWS that this project needs and MiniStack 1.5.33 lacks.

One module per subject. Each has an install() function that wraps or replaces functions of MiniStack.
"""
