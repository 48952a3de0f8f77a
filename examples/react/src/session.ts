// The session of the signed-in user, for components that send requests.
import { getCurrentUser } from "aws-amplify/auth";
import { createContext, useContext, useEffect, useEffectEvent, useState } from "react";

import { isProblem, SessionEnded } from "./api";
import { describeError, type Failure } from "./errors";

export interface Session {
  /** Sign the user out and show a notice. */
  end: (notice?: string) => Promise<void>;
  /** Prompt for the password. Return false if the user cancels. */
  signInAgain: () => Promise<boolean>;
}

export const SessionContext = createContext<Session>({
  end: () => Promise.resolve(),
  signInAgain: () => Promise.resolve(false),
});

/** Return the email address of the signed-in user, or null. */
export async function getSignedInEmail(): Promise<string | null> {
  try {
    const { signInDetails, username } = await getCurrentUser();
    return signInDetails?.loginId ?? username;
  } catch {
    return null;
  }
}

/** Return a function that runs a request, and the state of the last one. */
export function useRequest() {
  const session = useContext(SessionContext);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  async function run(request: () => Promise<void>) {
    if (isBusy) return;
    setBusy(true);
    setFailure(null);
    try {
      await request();
    } catch (error) {
      if (error instanceof SessionEnded) await session.end("Your session has ended. Sign in again.");
      else if (isProblem(error, "account-erased")) await session.end("This account was deleted.");
      else setFailure(describeError(error));
    } finally {
      setBusy(false);
    }
  }

  return { run, isBusy, failure, setFailure };
}

/** Run a request when the component is shown. Return its failure, and a function that repeats it. */
export function useInitialRequest(request: () => Promise<void>) {
  const { run, failure } = useRequest();
  const start = useEffectEvent(() => run(request));
  useEffect(() => void start(), []);
  return { failure, repeat: () => run(request) };
}

/** Return a function that runs a request, and repeats it after a new sign-in if the API requires a recent one. */
export function useRecentSignIn() {
  const { signInAgain } = useContext(SessionContext);
  return async (request: () => Promise<void>) => {
    try {
      await request();
    } catch (error) {
      if (!isProblem(error, "recent-sign-in-required")) throw error;
      if (await signInAgain()) await request();
    }
  };
}
