import { isRefusal } from "@chairtime/client";
import { Button, NativeSelect, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { NameForm } from "../family/NameForm";
import { useFamily } from "../family/useFamily";
import { useFamilyChanges } from "../family/useFamilyChanges";

interface Props {
  /** The linked patient for whom the booking is; null is the patient. */
  chosen: string | null;
  choose: (id: string | null) => void;
}

const ANOTHER = "another";

/** For whom the booking is. Asked only of those who have linked patients, or say so. */
export function ForWhom({ chosen, choose }: Props) {
  const { t } = useTranslation("patient");
  const family = useFamily().data ?? [];
  const { add } = useFamilyChanges();
  const [isNaming, setNaming] = useState(false);

  if (isNaming)
    return (
      <Stack gap="xs">
        <NameForm
          label={t("family.name")}
          action={t("family.add")}
          autoFocus
          isPending={add.isPending}
          save={(name) =>
            add.mutate(name, {
              onSuccess: (id) => {
                choose(id);
                setNaming(false);
              },
            })
          }
          leave={() => setNaming(false)}
        />
        {add.error && (
          <ErrorMessage
            error={add.error}
            {...(isRefusal(add.error, "forbidden") ? { text: t("family.full") } : {})}
          />
        )}
      </Stack>
    );
  if (family.length === 0)
    return (
      <Button variant="subtle" w="fit-content" px="xs" onClick={() => setNaming(true)}>
        {t("book.for_another")}
      </Button>
    );
  return (
    <NativeSelect
      id="for-whom"
      size="md"
      label={t("book.for_whom")}
      value={chosen ?? ""}
      onChange={({ currentTarget: { value } }) =>
        value === ANOTHER ? setNaming(true) : choose(value || null)
      }
      data={[
        { value: "", label: t("book.for_me") },
        ...family.map(({ id, full_name }) => ({ value: id, label: full_name })),
        { value: ANOTHER, label: t("book.for_one_more") },
      ]}
    />
  );
}
