import { ActionIcon, Box, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconMenu2 } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useNavigate } from "react-router";
import { useClinic, useClinicPath } from "../clinic";
import { useShortcut } from "../keys/shortcuts";
import { PaletteButton } from "../palette/PaletteButton";
import { usePaletteSource } from "../palette/sources";
import { useIdleLock } from "../session/useIdleLock";
import { ClinicSelect } from "./ClinicSelect";
import { Clock } from "./Clock";
import { Connection } from "./Connection";
import { SLOT_ID } from "./HeaderSlot";
import classes from "./Shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";
import { UserMenu } from "./UserMenu";

const Notifications = lazy(async () => ({
  default: (await import("@mantine/notifications")).Notifications,
}));
const ShortcutsDialog = lazy(() => import("../keys/ShortcutsDialog"));

export interface AppLink {
  to: string;
  label: string;
}

interface Props {
  /** The app's first page. */
  start: string;
  links: readonly AppLink[];
  /** Whether the header offers a choice of clinic and shows its clock. */
  clinic?: boolean;
  /** For staff: pages and people can be found by typing, and changes are notified. */
  palette?: boolean;
}

/** What all pages have around them: the header, the way past it, and the page itself. */
export function Shell({ start, links, clinic = false, palette = false }: Props) {
  const { t } = useTranslation();
  const path = useClinicPath();
  const navigate = useNavigate();
  const chosen = useClinic().clinic;
  const [shortcuts, { open, close }] = useDisclosure(false);
  usePaletteSource(t("palette.pages"), (query) =>
    links
      .filter(({ label }) => label.toLowerCase().includes(query.toLowerCase()))
      .map(({ to, label }) => ({ id: to, label, run: () => navigate(path(to)) })),
  );
  useIdleLock();
  useShortcut("?", t("shortcuts.list"), open);

  return (
    <>
      <a href="#main" className={classes.skip}>
        {t("skip")}
      </a>
      <header className={`${classes.header} no-print`}>
        {links.length > 0 && (
          <Menu position="bottom-start">
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                hiddenFrom="md"
                aria-label={t("menu.pages")}
              >
                <IconMenu2 size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {links.map((link) => (
                <Menu.Item key={link.to} onClick={() => navigate(path(link.to))}>
                  {link.label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        <Link to={path(start)} className={classes.brand}>
          <img src="/icon.svg" alt="" width={24} height={24} />
          <Box component="span" visibleFrom="sm">
            Chairtime
          </Box>
          <Box component="span" hiddenFrom="sm" className="visually-hidden">
            Chairtime
          </Box>
        </Link>
        {clinic && (
          <div className={classes.clinic}>
            <ClinicSelect />
          </div>
        )}
        <Box
          component="nav"
          className={classes.links}
          visibleFrom="md"
          aria-label={t("menu.pages")}
        >
          {links.map((link) => (
            <NavLink key={link.to} to={path(link.to)} end className={classes.link}>
              {link.label}
            </NavLink>
          ))}
        </Box>
        <div id={SLOT_ID} className={classes.slot} />
        <div className={classes.end}>
          {clinic && chosen && (
            <Box visibleFrom="sm">
              <Clock zone={chosen.time_zone} />
            </Box>
          )}
          {palette && <PaletteButton />}
          <Connection />
          <Box visibleFrom="sm">
            <ThemeSwitch />
          </Box>
          <UserMenu onShortcuts={open} />
        </div>
      </header>
      <main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
      {palette && (
        <Suspense>
          <Notifications position="bottom-right" />
        </Suspense>
      )}
      {shortcuts && (
        <Suspense>
          <ShortcutsDialog onClose={close} />
        </Suspense>
      )}
    </>
  );
}
