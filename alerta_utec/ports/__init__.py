"""The interfaces the application depends on; their docstrings are the contract for implementers.

Every method is synchronous and may be called from several threads at once. ``Raises:
Unavailable.`` without a reason means that the store cannot be reached or does not answer now;
the caller may repeat the call.

There is one module for each role. They import the incidents' types for type checking only: a
Lambda that only opens connections must not pay for loading them.
"""
