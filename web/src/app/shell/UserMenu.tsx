import { Button, Menu, Text } from "@mantine/core";
import {
  IconKeyboard,
  IconLogin,
  IconLogout,
  IconMoon,
  IconSun,
  IconUser,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { chooseLanguage, LANGUAGES, type Language } from "../i18n";
import { useSession, useUser } from "../session/SessionProvider";
import { useOtherTheme } from "./useOtherTheme";

const OWN_NAMES = { en: "English", de: "Deutsch" } as const;

/** Who is signed in, the language, the shortcuts, and the way out. */
export function UserMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const { t, i18n } = useTranslation();
  const { leave } = useSession();
  const [other, switchTheme] = useOtherTheme();
  const user = useUser();
  const navigate = useNavigate();
  const place = useLocation();

  async function signOut() {
    await leave("signed_out");
    navigate("/sign-in", { replace: true });
  }

  const next = encodeURIComponent(place.pathname + place.search);
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          px="xs"
          leftSection={<IconUser size={18} aria-hidden />}
        >
          <span className="visually-hidden">{t("menu.open")}</span>
          <Text span size="sm" truncate maw={140} visibleFrom="sm">
            {user ? user.fullName || t(`role.${user.role}`) : t("menu.visitor")}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {user && (
          <Menu.Label>
            {[user.fullName, t(`role.${user.role}`)].filter(Boolean).join(" · ")}
          </Menu.Label>
        )}
        <Menu.Label>{t("menu.language")}</Menu.Label>
        <Menu.RadioGroup
          value={i18n.language}
          onChange={(language) => chooseLanguage(language as Language)}
        >
          {LANGUAGES.map((language) => (
            <Menu.RadioItem key={language} value={language} lang={language}>
              {OWN_NAMES[language]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item
          leftSection={
            other === "dark" ? (
              <IconMoon size={16} aria-hidden />
            ) : (
              <IconSun size={16} aria-hidden />
            )
          }
          onClick={switchTheme}
        >
          {t(`theme.${other}`)}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={onShortcuts}>
          {t("menu.shortcuts")}
        </Menu.Item>
        {user ? (
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() => void signOut()}
          >
            {t("menu.sign_out")}
          </Menu.Item>
        ) : (
          <Menu.Item
            leftSection={<IconLogin size={16} aria-hidden />}
            onClick={() => navigate(`/sign-in?next=${next}`)}
          >
            {t("menu.sign_in")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
