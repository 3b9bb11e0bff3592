import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  label: string;
  action: string;
  before?: string;
  isPending: boolean;
  save: (name: string) => void;
  /** Leaves without saving. */
  leave?: () => void;
  autoFocus?: boolean;
}

/** The name of somebody for whom the patient books: nothing else is asked. */
export function NameForm({ label, action, before = "", isPending, save, leave, autoFocus }: Props) {
  const { t } = useTranslation("patient");
  const [name, setName] = useState(before);

  function submit(event: FormEvent) {
    event.preventDefault();
    save(name.trim());
  }

  return (
    <form
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") leave?.();
      }}
    >
      <Group align="flex-end" gap="xs">
        <TextInput
          flex="1 1 200px"
          size="md"
          label={label}
          value={name}
          required
          maxLength={200}
          autoComplete="off"
          ref={autoFocus ? focus : null}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="md" variant="default" loading={isPending}>
          {action}
        </Button>
        {leave && (
          <Button size="md" variant="subtle" onClick={leave}>
            {t("family.leave")}
          </Button>
        )}
      </Group>
    </form>
  );
}

function focus(input: HTMLInputElement | null): void {
  input?.focus();
}
