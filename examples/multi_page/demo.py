"""Says what to try with the multi-page example, then starts it: `make demo`."""

import dash_auth
from app import app

TRY = """\
In the browser
  http://127.0.0.1:8050/           the public page: its button asks for no login
  Open the dashboard               the login page: alice (wonderland) or bob (tea-at-four)
  a wrong password                 one sentence; after the fifth it tells you how long to wait
  the name above on the right      log out, then press Back: nothing private is shown
  log in as bob, then alice        Targets is for the group admin: alice is in it, bob is not
  http://127.0.0.1:8050/targets    as bob: the page says no
  http://127.0.0.1:8050/users      as alice: add a user, and log in as that one in a private window;
                                   then disable it here, and go on there: the login page

In another terminal
  url=http://127.0.0.1:8050 own='Sec-Fetch-Site: same-origin'
  curl -i $url/                                             # 200: public
  curl -i $url/dashboard                                    # 401: a program
  curl -i -H 'Accept: text/html' $url/dashboard             # 303: a browser, to the login page
  curl -i $url/users                                        # 401: for a login of alice's alone
  curl -i -d 'username=alice&password=wonderland' $url/login            # 403: no page of ours
  curl -i -H "$own" -d 'username=alice&password=wrong' $url/login       # 401
  curl -i -H "$own" -d 'username=alice&password=wonderland&next=//evil.example' \\
    $url/login                                              # 303: in, and to our own start page
  curl -i --json '{"username": []}' $url/login              # 415
  head -c 100000 /dev/zero | curl -i --data-binary @- $url/login        # 413
  curl -i --json '{"output": "figures.children"}' $url/_dash-update-component   # 401: private

What is open, as `dash_auth.explain(app)` tells, follows; everything else is private.

Ctrl+C ends it.
"""

if __name__ == "__main__":
    print(TRY)
    print(dash_auth.explain(app), flush=True)
    app.run(host="127.0.0.1", port=8050)
