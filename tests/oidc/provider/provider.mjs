// A certified OpenID provider on loopback (https://openid.net/certification/): another's reading of
// the standards than the mock's, which is Authlib's as well as that of what is tested.
import { Provider } from "oidc-provider";

const { HOST, PORT } = process.env;

const provider = new Provider(`http://localhost:${PORT}`, {
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["groups"] },
  cookies: { keys: ["a key of the tests"] },
  features: { registration: { enabled: true } },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true, groups: ["admin"] }),
  }),
  pkce: { required: (_, client) => client.clientName !== "without PKCE" },
});
provider.on("server_error", (_, error) => console.error(error));
provider.listen(Number(PORT), HOST);
