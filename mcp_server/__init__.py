"""The verbs of a conversation as tools of the Model Context Protocol, over HTTP and stdio."""
