// The fields that a rejection of Cognito is about.

// The rejection of the pre-sign-up function: "name is required; date of birth must not be in the future".
const RULES = /PreSignUp failed with error (.*)\.$/s;
// Patterns that identify a field in an error. "Username" is the email, and is not the field "name".
const PATTERNS = [
  ["phone_number", /phone/i],
  ["custom:dob", /date of birth|custom:dob/i],
  ["custom:blood_group", /blood group|custom:blood_group/i],
  ["custom:gender", /gender/i],
  ["email", /email|username/i],
  ["name", /\bname\b/i],
];

/** Return the errors in the message of a rejection: `fields` by the name of the attribute, and `others`. */
export function findFieldErrors(message) {
  const errors = RULES.exec(message)?.[1].split("; ") ?? [message];
  const fields = {};
  const others = [];
  for (const error of errors) {
    const name = PATTERNS.find(([, pattern]) => pattern.test(error))?.[0];
    if (name) fields[name] = fields[name] ? `${fields[name]}; ${error}` : error;
    else others.push(error);
  }
  return { fields, others };
}
