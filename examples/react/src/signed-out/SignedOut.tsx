// The screens of a visitor: sign in, sign up, confirm, reset the password.
import { useState } from "react";

import { Heading } from "../components/Heading";
import { ConfirmForm } from "./ConfirmForm";
import { ResetPasswordForm } from "./ResetPasswordForm";
import { SignInForm } from "./SignInForm";
import { SignUpForm } from "./SignUpForm";

type Screen =
  | {
      name: "sign-in" | "sign-up" | "reset-password";
      email?: string;
      notice?: string | undefined;
      isCodeSent?: boolean;
    }
  | { name: "confirm"; email: string; destination?: string | undefined };

const TITLES: Record<Screen["name"], string> = {
  "sign-in": "Sign in",
  "sign-up": "Create an account",
  confirm: "Confirm your email address",
  "reset-password": "Set a new password",
};

export function SignedOut({ notice, onSignedIn }: { notice?: string | undefined; onSignedIn: () => void }) {
  const [screen, setScreen] = useState<Screen>({ name: "sign-in", notice });
  const [signUpEntries, setSignUpEntries] = useState<Record<string, string>>({});

  const goTo = (name: "sign-in" | "sign-up" | "reset-password", label = TITLES[name]) => (
    <button type="button" className="link" onClick={() => setScreen({ name })}>
      {label}
    </button>
  );
  const confirm = (email: string, destination?: string) => {
    setSignUpEntries({});
    setScreen({ name: "confirm", email, destination });
  };
  return (
    <main className="narrow">
      <p className="brand">HealthTech</p>
      <div className="card">
        <Heading key={screen.name}>{TITLES[screen.name]}</Heading>
        {screen.name === "sign-in" && (
          <>
            <p role="status">{screen.notice}</p>
            <SignInForm
              email={screen.email}
              onSignedIn={onSignedIn}
              onUnconfirmed={confirm}
              onResetRequired={(email) => setScreen({ name: "reset-password", email, isCodeSent: true })}
            />
            <p className="links">
              {goTo("sign-up")} {goTo("reset-password", "Forgot your password?")}
            </p>
          </>
        )}
        {screen.name === "sign-up" && (
          <SignUpForm
            entries={signUpEntries}
            onEntry={setSignUpEntries}
            onCodeSent={confirm}
            onForgotPassword={(email) => setScreen({ name: "reset-password", email })}
          />
        )}
        {screen.name === "confirm" && (
          <ConfirmForm
            email={screen.email}
            destination={screen.destination}
            onConfirmed={() => {
              setScreen({ name: "sign-in", email: screen.email, notice: "Your account is confirmed. Sign in." });
            }}
          />
        )}
        {screen.name === "reset-password" && (
          <ResetPasswordForm
            email={screen.email}
            isCodeSent={screen.isCodeSent}
            onReset={(email) => setScreen({ name: "sign-in", email, notice: "Your password is set. Sign in." })}
          />
        )}
        {screen.name !== "sign-in" && <p className="links">{goTo("sign-in")}</p>}
      </div>
    </main>
  );
}
