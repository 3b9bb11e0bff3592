import { useTranslation } from "react-i18next";
import { When } from "../../shared/When";
import classes from "./Todo.module.css";
import type { Todo } from "./useTodo";

interface Props {
  group: Todo;
  zone: string;
  onOpen: (id: string) => void;
}

/** Bookings that wait for the same thing. */
export function TodoGroup({ group, zone, onOpen }: Props) {
  const { t } = useTranslation("desk");
  return (
    <details open={!isPhone()} className={classes.group} data-todo-group={group.name}>
      <summary>{t(`todo.${group.name}`, { count: group.items.length })}</summary>
      <ul>
        {group.items.map((each) => (
          <li key={each.id}>
            <button type="button" onClick={() => onOpen(each.id)}>
              <When at={each.starts_at} zone={zone} />
              <span>{each.patient_name ?? t("card.no_name")}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** On a phone the board comes first: the groups are folded. */
function isPhone(): boolean {
  return window.matchMedia("(max-width: 48em)").matches;
}
