"""The verbs of a conversation: one argument model and one function each, behind several doors."""
