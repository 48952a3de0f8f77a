// A front end with Amplify's Authenticator. The file `stack.json` in its directory has the ids and URLs of the stack.
import { Authenticator } from "@aws-amplify/ui-react";
import "@aws-amplify/ui-react/styles.css";
import { Amplify } from "aws-amplify";
import { createRoot } from "react-dom/client";

import { Account } from "./account.jsx";
import { SignUpFields } from "./sign-up-fields.jsx";

const stack = await (await fetch("stack.json")).json();

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: stack.user_pool_id,
      userPoolClientId: stack.user_pool_client_id,
      userPoolEndpoint: stack.aws_endpoint_url,
      loginWith: { email: true },
    },
  },
});

createRoot(document.getElementById("root")).render(
  <Authenticator signUpAttributes={["name", "phone_number"]} components={{ SignUp: { FormFields: SignUpFields } }}>
    {() => <Account apiUrl={stack.api_url} />}
  </Authenticator>,
);
