import { FILE_CATEGORIES, updateFile, type UserFile } from "../api";
import { Dialog } from "../components/Dialog";
import { Field, Form, getText, SelectField } from "../components/Form";

interface EditFileDialogProps {
  file: UserFile;
  onClose: () => void;
  onSaved: () => Promise<void>;
}

/** The form of the name and the category of a file. */
export function EditFileDialog({ file, onClose, onSaved }: EditFileDialogProps) {
  async function submit(data: FormData) {
    await updateFile(file.id, { name: getText(data, "name"), category: getText(data, "category") });
    onClose();
    await onSaved();
  }
  const cancelButton = (
    <button type="button" className="secondary" onClick={onClose}>
      Cancel
    </button>
  );
  return (
    <Dialog title="Edit the file" onClose={onClose}>
      <Form submitLabel="Save" onSubmit={submit} actions={cancelButton}>
        <Field label="Name" name="name" dir="auto" defaultValue={file.name} required />
        <SelectField label="Category" name="category" options={FILE_CATEGORIES} defaultValue={file.category} />
      </Form>
    </Dialog>
  );
}
