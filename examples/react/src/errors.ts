// Errors of the API and of Cognito as texts of a form.
import { AuthError } from "aws-amplify/auth";

import { Problem } from "./api";

export interface Failure {
  message: string;
  /** The violated rules by field, such as { dob: "must not be in the future" }. */
  fields: Record<string, string>;
  /** The name of the API's problem. */
  slug?: string;
}

/** A value that a form rejects, or that the API has rejected, as a sentence at its field. */
export class InvalidField extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** The fields of the forms, by their names in the API and in Cognito. */
export const LABELS: Record<string, string> = {
  email: "Email",
  password: "Password",
  code: "Code",
  name: "Name",
  phone_number: "Phone number",
  dob: "Date of birth",
  gender: "Gender",
  blood_group: "Blood group",
  category: "Category",
};
const INVALID_FORM = "Correct the following and try again.";
// Cognito's prefix of the messages of a trigger.
const TRIGGER_PREFIX = "PreSignUp failed with error ";
// The names of the attributes in these messages (docs/sign-up.md), in the order of the form.
const ATTRIBUTES: Record<string, string> = {
  email: "email",
  name: "name",
  "phone number": "phone_number",
  "date of birth": "dob",
  gender: "gender",
  "blood group": "blood_group",
};
// Errors of Cognito that belong to one field.
const FIELDS_OF_ERRORS: Record<string, string> = {
  CodeMismatchException: "code",
  ExpiredCodeException: "code",
};

// The parts of Cognito's messages about a password, and the rules of the user pool (infra/cognito.tf).
const PASSWORD_RULES: [RegExp, string][] = [
  [/length|not long enough/, "at least 12 characters"],
  [/uppercase/, "an upper-case letter"],
  [/lowercase/, "a lower-case letter"],
  [/numeric/, "a digit"],
  [/symbol/, "a symbol"],
];
const LIST = new Intl.ListFormat("en");

/** Return the text of any error. */
export function describeError(error: unknown): Failure {
  if (error instanceof InvalidField) return { message: INVALID_FORM, fields: { [error.field]: error.message } };
  if (error instanceof Problem) return describeProblem(error);
  if (error instanceof AuthError) return describeAuthError(error);
  return { message: error instanceof Error ? error.message : "An unexpected error occurred.", fields: {} };
}

/** Return a rule as a sentence: "Date of birth must not be in the future." */
export function formatRule(name: string, rule: string): string {
  if (/^[A-Z]/.test(rule)) return rule; // a message of Cognito
  const text = `${LABELS[name] ?? name} ${rule}`.trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Return the failure of a form whose required fields are empty. */
export function describeMissing(names: string[]): Failure {
  return { message: INVALID_FORM, fields: Object.fromEntries(names.map((name) => [name, "is required"])) };
}

function describeProblem({ message, fields, slug, retryAfterSeconds }: Problem): Failure {
  if (Object.keys(fields).length > 0) return { message: INVALID_FORM, fields, slug };
  return { message: retryAfterSeconds ? `${message} ${formatWait(retryAfterSeconds)}` : message, fields, slug };
}

function formatWait(seconds: number): string {
  if (seconds === 1) return "Try again in 1 second.";
  if (seconds < 120) return `Try again in ${seconds} seconds.`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `Try again in ${minutes} minutes.` : `Try again in ${Math.ceil(minutes / 60)} hours.`;
}

function describeAuthError({ name, message }: AuthError): Failure {
  if (message.startsWith(TRIGGER_PREFIX)) return describeRejectedAttributes(message);
  if (name === "InvalidPasswordException" || message.includes("'password'")) return describeWeakPassword(message);
  if (/should be an email|invalid email/i.test(message)) {
    return { message: INVALID_FORM, fields: { email: "must be an address such as name@example.com" } };
  }
  const field = FIELDS_OF_ERRORS[name];
  return field ? { message: INVALID_FORM, fields: { [field]: message } } : { message, fields: {} };
}

/** Return the rules that a password violates. Cognito names all of them, the first one, or a pattern. */
function describeWeakPassword(message: string): Failure {
  const violated = PASSWORD_RULES.filter(([pattern]) => pattern.test(message));
  const rules = (violated.length > 0 ? violated : PASSWORD_RULES).map(([, rule]) => rule);
  return { message: INVALID_FORM, fields: { password: `must have ${LIST.format(rules)}` } };
}

/** Parse a message such as "PreSignUp failed with error name is required; gender must be one of Male, Female." */
function describeRejectedAttributes(message: string): Failure {
  const rules = message.slice(TRIGGER_PREFIX.length).replace(/\.$/, "").split("; ");
  const fields: Record<string, string> = {};
  for (const [attribute, field] of Object.entries(ATTRIBUTES)) {
    const rule = rules.find((text) => text.startsWith(`${attribute} `));
    if (rule) fields[field] = rule.slice(attribute.length + 1);
  }
  if (Object.keys(fields).length < rules.length) return { message: `${rules.join("; ")}.`, fields: {} };
  return { message: INVALID_FORM, fields };
}
