// The failure of a request that is not sent by a form.
import { formatRule, type Failure } from "../errors";

export function Alert({ failure }: { failure: Failure | null }) {
  if (!failure) return null;
  const rules = Object.entries(failure.fields).map(([name, rule]) => formatRule(name, rule));
  return (
    <p role="alert" className="alert">
      {rules.join(" ") || failure.message}
    </p>
  );
}
