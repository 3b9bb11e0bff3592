"""The web app: its built files, and its configuration."""
