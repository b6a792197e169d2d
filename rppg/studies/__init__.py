"""Studies next to the main pipeline; nothing else imports them."""
