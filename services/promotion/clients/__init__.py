"""Promotion calls nobody: it hears news and answers its sisters."""
