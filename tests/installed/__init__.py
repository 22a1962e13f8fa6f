"""The package as users install it: the wheel alone, without any development package."""
