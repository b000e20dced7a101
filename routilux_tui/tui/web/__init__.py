"""The dashboard in a browser: the server, who is let in, and a tab's own dashboard."""
