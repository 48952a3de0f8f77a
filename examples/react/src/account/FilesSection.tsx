import { FILE_CATEGORIES, listFiles, uploadFile, type FilePage } from "../api";
import { Alert } from "../components/Alert";
import { Field, Form, getText, SelectField } from "../components/Form";
import { formatBytes } from "../format";
import { useRequest } from "../session";
import { FileItem } from "./FileItem";
import { FILE_LIMITS, withPlainErrors } from "./uploadErrors";

interface FilesSectionProps {
  page: FilePage;
  onChange: (page: FilePage) => void;
}

export function FilesSection({ page, onChange }: FilesSectionProps) {
  const { run, isBusy, failure } = useRequest();
  const { items, next_cursor, quota } = page;

  const reload = async () => onChange(await listFiles());

  async function upload(data: FormData, form: HTMLFormElement) {
    const file = data.get("file") as File;
    await withPlainErrors(file, FILE_LIMITS, () => uploadFile(file, getText(data, "category")));
    form.reset();
    await reload();
  }

  async function loadMore(cursor: string) {
    const next = await listFiles(cursor);
    onChange({ ...next, items: [...items, ...next.items] });
  }

  return (
    <section className="card" aria-labelledby="files">
      <h2 id="files" tabIndex={-1}>
        Files
      </h2>
      <Form submitLabel="Upload" busyLabel="Uploading…" onSubmit={upload}>
        <Field
          label="File"
          name="file"
          type="file"
          hint="PDF, JPEG, PNG, WebP, text, CSV, DICOM or FHIR JSON, at most 50 MB."
          required
        />
        <SelectField label="Category" name="category" options={FILE_CATEGORIES} />
      </Form>
      <p id="quota" className="hint">
        {formatBytes(quota.bytes)} of {formatBytes(quota.bytes_max)}, {quota.files} of {quota.files_max} files used.
      </p>
      <meter
        aria-labelledby="quota"
        max={1}
        value={Math.max(quota.bytes / quota.bytes_max, quota.files / quota.files_max)}
      />
      {items.length === 0 ? (
        <p>There are no files.</p>
      ) : (
        <ul className="files">
          {items.map((file) => (
            <FileItem key={file.id} file={file} onChange={reload} />
          ))}
        </ul>
      )}
      <Alert failure={failure} />
      {next_cursor && (
        <button
          type="button"
          className="secondary"
          aria-disabled={isBusy}
          onClick={() => run(() => loadMore(next_cursor))}
        >
          Show more
        </button>
      )}
    </section>
  );
}
