// A form that shows the violated rules at their fields. If several fields are wrong, a summary lists them.
import { createContext, useContext, useEffect, useId, type ComponentProps, type ReactNode } from "react";

import { describeMissing, formatRule, type Failure } from "../errors";
import { useRequest } from "../session";
import { FocusedAlert } from "./Alert";

interface FormState {
  id: string;
  /** The violated rules by field. */
  fields: Record<string, string>;
  /** The errors at the fields are announced, because there is no summary. */
  isAnnounced: boolean;
}

const FormContext = createContext<FormState>({ id: "", fields: {}, isAnnounced: false });

interface FormProps {
  submitLabel: string;
  /** The label of the submit button during a long request. */
  busyLabel?: string;
  /** Send the form. An error is shown in the form. */
  onSubmit: (data: FormData, form: HTMLFormElement) => Promise<void>;
  /** Buttons next to the submit button. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Form({ submitLabel, busyLabel = submitLabel, onSubmit, actions, children }: FormProps) {
  const id = useId();
  const { run, isBusy, failure, setFailure } = useRequest();

  const fields = failure?.fields ?? {};
  const names = Object.keys(fields);
  const onlyId = names.length === 1 ? `${id}-${names[0]}` : null;

  useEffect(() => {
    if (onlyId) document.getElementById(onlyId)?.focus();
  }, [onlyId, failure]);

  async function submit(form: HTMLFormElement) {
    const missing = findMissing(form);
    if (missing.length > 0) setFailure(describeMissing(missing));
    else await run(() => onSubmit(new FormData(form), form));
  }

  return (
    <form
      noValidate // the summary replaces the messages of the browser
      aria-busy={isBusy}
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      {failure && !onlyId && <Summary id={id} failure={failure} />}
      <FormContext value={{ id, fields, isAnnounced: onlyId !== null }}>{children}</FormContext>
      <div className="actions">
        <button type="submit" aria-disabled={isBusy}>
          {isBusy ? busyLabel : submitLabel}
        </button>
        {actions}
      </div>
    </form>
  );
}

/** Return the names of the required fields without a value. */
function findMissing(form: HTMLFormElement): string[] {
  const controls = Array.from(form.elements) as HTMLInputElement[];
  return controls.filter((control) => control.required && !control.value.trim()).map((control) => control.name);
}

function Summary({ id, failure }: { id: string; failure: Failure }) {
  const rules = Object.entries(failure.fields);
  return (
    <FocusedAlert subject={failure}>
      <p>{failure.message}</p>
      {rules.length > 0 && (
        <ul>
          {rules.map(([name, rule]) => (
            <li key={name}>
              <a
                href={`#${id}-${name}`}
                onClick={(event) => {
                  event.preventDefault();
                  document.getElementById(`${id}-${name}`)?.focus();
                }}
              >
                {formatRule(name, rule)}
              </a>
            </li>
          ))}
        </ul>
      )}
    </FocusedAlert>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: string | undefined;
}

export function Field({ label, name, hint, ...input }: FieldProps & ComponentProps<"input">) {
  return (
    <Labelled label={label} name={name} hint={hint}>
      {(attributes) => <input name={name} {...attributes} {...input} />}
    </Labelled>
  );
}

export function SelectField({
  label,
  name,
  hint,
  options,
  emptyOption,
  ...select
}: FieldProps & { options: Record<string, string>; emptyOption?: string } & ComponentProps<"select">) {
  return (
    <Labelled label={label} name={name} hint={hint}>
      {(attributes) => (
        <select name={name} {...attributes} {...select}>
          {emptyOption !== undefined && <option value="">{emptyOption}</option>}
          {Object.entries(options).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

interface ControlAttributes {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
}

function Labelled({
  label,
  name,
  hint,
  children,
}: FieldProps & { children: (attributes: ControlAttributes) => ReactNode }) {
  const form = useContext(FormContext);
  const id = `${form.id}-${name}`;
  const rule = form.fields[name];
  const descriptions = [hint && `${id}-hint`, rule && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
      {rule && (
        <p id={`${id}-error`} className="error" role={form.isAnnounced ? "alert" : undefined}>
          {formatRule(name, rule)}
        </p>
      )}
      {children({ id, "aria-describedby": descriptions || undefined, "aria-invalid": rule !== undefined })}
    </div>
  );
}

/** Return a text field of a submitted form. */
export function getText(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
}
