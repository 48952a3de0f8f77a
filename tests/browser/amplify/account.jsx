// The account of a signed-in user: profile, email address, authenticator app and deletion.
import { AccountSettings, Button, TextField, useAuthenticator } from "@aws-amplify/ui-react";
import {
  confirmUserAttribute, fetchAuthSession, fetchUserAttributes, setUpTOTP, updateMFAPreference, updateUserAttribute,
  verifyTOTPSetup,
} from "aws-amplify/auth";
import { useState } from "react";

export function Account({ apiUrl }) {
  const { signOut } = useAuthenticator();
  return (
    <main>
      <Profile apiUrl={apiUrl} />
      <Email />
      <AuthenticatorApp />
      <AccountSettings.DeleteUser />
      <Button onClick={signOut}>Sign out</Button>
    </main>
  );
}

function Profile({ apiUrl }) {
  const [text, setText] = useState("");
  const load = async () => {
    const { tokens } = await fetchAuthSession();
    const response = await fetch(`${apiUrl}/users/me`, { headers: { Authorization: `Bearer ${tokens.idToken}` } });
    const profile = await response.json();
    const pool = await fetchUserAttributes();
    setText(`profile ${profile.email}, pool ${pool.email}`);
  };
  return (
    <section>
      <Button onClick={load}>Load</Button>
      <output aria-label="Profile">{text}</output>
    </section>
  );
}

function Email() {
  const change = (form) =>
    updateUserAttribute({ userAttribute: { attributeKey: "email", value: form.get("email") } })
      .then(({ nextStep }) => nextStep.updateAttributeStep);
  const confirm = (form) =>
    confirmUserAttribute({ userAttributeKey: "email", confirmationCode: form.get("code") }).then(() => "verified");
  return (
    <section>
      <Step label="New email" name="email" action={change} />
      <Step label="Code from the email" name="code" action={confirm} />
    </section>
  );
}

function AuthenticatorApp() {
  const [secret, setSecret] = useState("");
  const begin = async () => setSecret((await setUpTOTP()).sharedSecret);
  const finish = async (form) => {
    await verifyTOTPSetup({ code: form.get("code") });
    await updateMFAPreference({ totp: "PREFERRED" });
    return "enabled";
  };
  return (
    <section>
      <Button onClick={begin}>Set up an app</Button>
      <output aria-label="Secret">{secret}</output>
      <Step label="Code from the app" name="code" action={finish} />
    </section>
  );
}

// A form with one field, and its result.
function Step({ label, name, action }) {
  const [result, setResult] = useState("");
  const submit = (event) => {
    event.preventDefault();
    action(new FormData(event.target)).then(setResult, (error) => setResult(`${error.name}: ${error.message}`));
  };
  return (
    <form aria-label={label} onSubmit={submit}>
      <TextField label={label} name={name} />
      <Button type="submit">Send</Button>
      <output>{result}</output>
    </form>
  );
}
