// An OpenID Connect provider for the tests. Anyone in ACCOUNTS (a JSON object of claims by login) can log in with any
// password. Prints its issuer.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const accounts = JSON.parse(process.env.ACCOUNTS);
const server = createServer().listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "agent-obs",
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [process.env.REDIRECT_URL],
      },
    ],
    claims: {
      openid: ["sub", "groups"],
      email: ["email", "email_verified"],
      profile: ["name"],
    },
    cookies: { keys: ["a key of the tests"] },
    features: { devInteractions: { enabled: true } },
    // Claims of scopes come from the user info endpoint, as the specification says.
    conformIdTokenClaims: process.env.CLAIMS_IN_ID_TOKEN !== "true",
    pkce: { required: () => true },
    findAccount: (_, id) =>
      accounts[id] && {
        accountId: id,
        claims: () => ({ sub: id, ...accounts[id] }),
      },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
