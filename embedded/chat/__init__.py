"""The scripted demo bot: `chairtime chat`."""
