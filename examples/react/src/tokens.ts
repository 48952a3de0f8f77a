// The storage of the tokens, and a repeated sign-in that keeps the session if it fails.
import { signIn, type SignInInput, type SignInOutput } from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";
import { sessionStorage } from "aws-amplify/utils";

let repeatedSignIn: Promise<unknown> = Promise.resolve();

/** Delete tokens when the tab is closed. Amplify's default, localStorage, has no such limit. */
export const storeTokensInTab = () => cognitoUserPoolsTokenProvider.setKeyValueStorage(sessionStorage);

/** Wait until a repeated sign-in has ended. During it, Amplify does not find the tokens of the session. */
export const waitForTokens = () => repeatedSignIn;

/**
 * Sign the present user in again. The tokens of the session are replaced only if the sign-in succeeds.
 *
 * Amplify rejects a sign-in while it finds tokens, and signOut() would revoke them. So the new tokens are stored in
 * memory first. If a code or a new password is required, confirmSignIn() replaces the tokens of the session.
 */
export function signInAgain(input: SignInInput): Promise<SignInOutput> {
  const attempt = signInWithOtherStorage(input);
  repeatedSignIn = attempt.catch(() => undefined);
  return attempt;
}

async function signInWithOtherStorage(input: SignInInput): Promise<SignInOutput> {
  const memory = new MemoryStorage();
  cognitoUserPoolsTokenProvider.setKeyValueStorage(memory);
  try {
    return await signIn(input);
  } finally {
    storeTokensInTab();
    for (const [key, value] of memory.items) await sessionStorage.setItem(key, value);
  }
}

/** The storage of Amplify, in memory. */
class MemoryStorage {
  readonly items = new Map<string, string>();

  setItem(key: string, value: string) {
    this.items.set(key, value);
    return Promise.resolve();
  }

  getItem(key: string) {
    return Promise.resolve(this.items.get(key) ?? null);
  }

  removeItem(key: string) {
    this.items.delete(key);
    return Promise.resolve();
  }

  clear() {
    this.items.clear();
    return Promise.resolve();
  }
}
