"""The web app: its built files, and what they are told about this place."""
