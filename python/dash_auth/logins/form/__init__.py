"""A login page with a form: a name and a password, sent once, and a ticket from then on."""
