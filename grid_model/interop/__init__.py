"""Other models' files in and out: PyPSA."""
