import { signOut } from "aws-amplify/auth";
import { useMemo, useRef, useState } from "react";

import { Account } from "./account/Account";
import { Dialog } from "./components/Dialog";
import { getSignedInEmail, SessionContext, type Session } from "./session";
import { SignInForm } from "./signed-out/SignInForm";
import { SignedOut } from "./signed-out/SignedOut";

interface AppProps {
  /** The email address of the signed-in user, or null. */
  initialEmail: string | null;
}

export function App({ initialEmail }: AppProps) {
  const [email, setEmail] = useState(initialEmail);
  const [notice, setNotice] = useState("");
  const [isSigningIn, setSigningIn] = useState(false);
  // Continues the request that has opened the dialog.
  const finishSignIn = useRef<((isSignedIn: boolean) => void) | null>(null);

  async function loadUser() {
    setEmail(await getSignedInEmail());
    setNotice("");
  }

  const session = useMemo<Session>(
    () => ({
      end: async (reason = "") => {
        finishSignIn.current?.(false);
        finishSignIn.current = null;
        setSigningIn(false);
        await signOut();
        setEmail(null);
        setNotice(reason);
      },
      signInAgain: () => {
        setSigningIn(true);
        return new Promise((resolve) => (finishSignIn.current = resolve));
      },
    }),
    [],
  );

  function closeSignIn(isSignedIn: boolean) {
    setSigningIn(false);
    finishSignIn.current?.(isSignedIn);
    finishSignIn.current = null;
  }

  if (email === null) return <SignedOut notice={notice} onSignedIn={loadUser} />;
  return (
    <SessionContext value={session}>
      <Account />
      {isSigningIn && (
        <Dialog title="Sign in again" onClose={() => closeSignIn(false)}>
          <p>This step requires a sign-in within the last five minutes.</p>
          <SignInForm
            email={email}
            isRepeated
            onSignedIn={() => closeSignIn(true)}
            onCancel={() => closeSignIn(false)}
          />
        </Dialog>
      )}
    </SessionContext>
  );
}
