"""OIDCAuth against identity providers over HTTP, and what must not get past it."""
