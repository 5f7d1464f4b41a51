"""Says what to try with the multi-page example, then starts it: `make demo`."""

import dash_auth
from app import app

TRY = """\
In the browser
  http://127.0.0.1:8050/         the public page: press its button, no login is asked for
  http://127.0.0.1:8050/private  the private page: log in as alice (wonderland) or bob (tea-at-four)

In another terminal
  curl -i http://127.0.0.1:8050/                              200: public
  curl -i http://127.0.0.1:8050/private                       401: who are you?
  curl -i -u alice:wrong http://127.0.0.1:8050/private        401: not alice
  curl -i -u alice:wonderland http://127.0.0.1:8050/private   200

What is open, as `dash_auth.explain(app)` tells, follows; everything else is private.

Ctrl+C ends it.
"""

if __name__ == "__main__":
    print(TRY)
    print(dash_auth.explain(app), flush=True)
    app.run(host="127.0.0.1", port=8050)
