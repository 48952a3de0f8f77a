import { Amplify } from "aws-amplify";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { setApiUrl } from "./api";
import { App } from "./App";
import { loadConfig, type Config } from "./config";
import { getSignedInEmail } from "./session";
import { storeTokensInTab } from "./tokens";
import "./styles.css";

function configure(config: Config) {
  Amplify.configure({
    Auth: {
      Cognito: {
        userPoolId: config.user_pool_id,
        userPoolClientId: config.user_pool_client_id,
        ...(config.aws_endpoint_url && { userPoolEndpoint: config.aws_endpoint_url }),
      },
    },
  });
  storeTokensInTab();
  setApiUrl(config.api_url);
}

const container = document.getElementById("root");
if (!container) throw new Error("index.html has no element with the id root.");
const root = createRoot(container);
try {
  configure(await loadConfig());
  const initialEmail = await getSignedInEmail();
  root.render(
    <StrictMode>
      <App initialEmail={initialEmail} />
    </StrictMode>,
  );
} catch (error) {
  console.error(error);
  root.render(
    <main className="narrow">
      <h1>Configuration missing</h1>
      <p>
        Start <code>make run</code>, run <code>npm run configure</code>, and reload this page.
      </p>
    </main>,
  );
}
