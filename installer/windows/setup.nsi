; The setup of the program for 64-bit Windows 10 and later. Made by build.sh, which says what goes in:
;   VERSION   as shown, NUMBERS the same as four numbers, SIZE of what is installed in KiB
;   FILES     folder with the program, the licences, the icon and the pictures of the wizard
;   SIGN      a command that signs the setup and what removes the program, if there is one
;   OUT       the file to make; QUICK compresses nothing, STOP_AT a step stops there for ever (only for check.sh)
;
; Invariants
; * cert-assistant.exe is the whole old program or the whole new one: the new one is written beside it and renamed over it
;   (replace.nsh, which also says what the next start of Windows does after a cut). Everything after that only describes what is
;   there, so that another run puts any interrupted one right.
; * Nobody's settings are touched. The program is asked to close and never killed. No restart is asked for.
; * Once installed, a newer setup stays with the same folder and the same people. An older one never goes over a newer one unasked.
; * Silent means silent: every question has its answer, every refusal its exit code:
;   0 done, 1 cancelled, 2 failed while installing, 3 the program is in the middle of something, 4 a newer version is installed,
;   5 administrator needed, 6 this Windows is too old, 7 switches that can't be followed, 8 another setup is running.

Unicode true
; the stub of the same kind as the program: 32-bit Windows itself says that it can't run this
Target amd64-unicode
!ifdef QUICK
  SetCompress off
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 32
!endif
; the same files give the same setup, whenever it is made
SetDateSave off

!define ID "cert-assistant"
!define EXE "cert-assistant.exe"
!define KEY "Software\${ID}"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${ID}"
!define APP_PATH "Software\Microsoft\Windows\CurrentVersion\App Paths\${EXE}"
!define LINKS "Software\Classes\${ID}"
!define MESSAGES "Software\Classes\AppUserModelId\${ID}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
; names of shortcuts, which stay those of the language a person once chose
!define NAME_ZH "证书助手"
!define NAME_EN "Certificate Assistant"

!define DONE 0
!define CANCELLED 1
!define FAILED 2
!define BUSY 3
!define NEWER_INSTALLED 4
!define NEEDS_ADMINISTRATOR 5
!define TOO_OLD 6
!define SWITCHES 7
!define RUNNING 8

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_FUNCTION ModeChosen
!include MultiUser.nsh
!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WordFunc.nsh
!include StrFunc.nsh
!include Util.nsh
!include WinVer.nsh
!include nsDialogs.nsh
${Using:StrFunc} UnStrStr

Name "$(Product)"
OutFile "${OUT}"
BrandingText "$(Product) ${VERSION}"
ManifestDPIAware true
ShowInstDetails nevershow
ShowUninstDetails nevershow

!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"'
  !finalize '${SIGN} "%1"'
!endif

VIProductVersion "${NUMBERS}"
VIFileVersion "${NUMBERS}"
!macro version_texts LANGUAGE NAME DESCRIPTION
  VIAddVersionKey /LANG=${LANGUAGE} "ProductName" "${NAME}"
  VIAddVersionKey /LANG=${LANGUAGE} "FileDescription" "${DESCRIPTION}"
  VIAddVersionKey /LANG=${LANGUAGE} "ProductVersion" "${VERSION}"
  VIAddVersionKey /LANG=${LANGUAGE} "FileVersion" "${VERSION}"
  VIAddVersionKey /LANG=${LANGUAGE} "LegalCopyright" "Apache-2.0"
!macroend

Var Given           ; folder named by /D=
Var MachineFolder   ; where it is installed for everybody, and which version; empty when it is not
Var MachineVersion
Var PersonFolder    ; where it is installed for this person
Var PersonVersion
Var Installed       ; the one of the two that is replaced; empty at a first installation
Var OldVersion
Var WantDesktop
Var WantMenu
Var WantAutostart
Var WelcomeText

!define MUI_ICON "${FILES}/icon.ico"
!define MUI_UNICON "${FILES}/icon.ico"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${FILES}/banner.bmp"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH FitControl
!define MUI_UNWELCOMEFINISHPAGE_BITMAP "${FILES}/banner.bmp"
!define MUI_UNWELCOMEFINISHPAGE_BITMAP_STRETCH FitControl
!define MUI_HEADERIMAGE
!define MUI_HEADERIMAGE_RIGHT
!define MUI_HEADERIMAGE_BITMAP "${FILES}/header.bmp"
!define MUI_HEADERIMAGE_BITMAP_STRETCH FitControl
!define MUI_HEADERIMAGE_UNBITMAP "${FILES}/header.bmp"
!define MUI_HEADERIMAGE_UNBITMAP_STRETCH FitControl
!define MUI_ABORTWARNING
!define MUI_LANGDLL_WINDOWTITLE "${NAME_ZH} · ${NAME_EN}"
!define MUI_LANGDLL_INFO "请选择语言 · Please choose a language"
!define MUI_CUSTOMFUNCTION_GUIINIT Shown

!define MUI_WELCOMEPAGE_TITLE "$(WelcomeTitle)"
!define MUI_WELCOMEPAGE_TEXT "$WelcomeText"
!insertmacro MUI_PAGE_WELCOME
!define MUI_PAGE_CUSTOMFUNCTION_PRE OnlyFirst
!define MUI_LICENSEPAGE_TEXT_BOTTOM "$(LicenceText)"
!define MUI_LICENSEPAGE_BUTTON "$(LicenceAccept)"
!insertmacro MUI_PAGE_LICENSE "$(Licence)"
!define MULTIUSER_PAGE_CUSTOMFUNCTION_PRE OnlyFirst
!define MULTIUSER_INSTALLMODEPAGE_TEXT_TOP "$(ForWhom)"
!define MULTIUSER_INSTALLMODEPAGE_TEXT_ALLUSERS "$(ForEverybody)"
!define MULTIUSER_INSTALLMODEPAGE_TEXT_CURRENTUSER "$(ForMe)"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!define MUI_PAGE_CUSTOMFUNCTION_PRE OnlyFirst
!define MUI_DIRECTORYPAGE_TEXT_TOP "$(WhereText)"
!insertmacro MUI_PAGE_DIRECTORY
Page custom Options OptionsLeave
!insertmacro MUI_PAGE_INSTFILES
; never: nothing waits for a restart
!define MUI_FINISHPAGE_NOREBOOTSUPPORT
!define MUI_FINISHPAGE_TITLE "$(FinishTitle)"
!define MUI_FINISHPAGE_TEXT "$(FinishText)"
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_TEXT "$(StartNow)"
!define MUI_FINISHPAGE_RUN_FUNCTION StartProgram
!insertmacro MUI_PAGE_FINISH

UninstPage custom un.Confirm un.ConfirmLeave
!insertmacro MUI_UNPAGE_INSTFILES
!define MUI_FINISHPAGE_TITLE "$(RemovedTitle)"
!define MUI_FINISHPAGE_TEXT "$(RemovedText)"
!insertmacro MUI_UNPAGE_FINISH

!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "SimpChinese"
; what these systems use themselves; the language files name older ones
SetFont /LANG=${LANG_ENGLISH} "Segoe UI" 9
SetFont /LANG=${LANG_SIMPCHINESE} "Microsoft YaHei UI" 9
!insertmacro version_texts ${LANG_ENGLISH} "${NAME_EN}" "Setup of ${NAME_EN}"
!insertmacro version_texts ${LANG_SIMPCHINESE} "${NAME_ZH}" "${NAME_ZH}安装程序"

!include texts.nsh
!include replace.nsh
!include presets.nsh
!include remove.nsh
!include begin.nsh
!include options.nsh

; For check.sh only: stands still, to be cut off there.
!macro stop_at STEP
  !ifdef STOP_AT
    !if ${STOP_AT} == ${STEP}
      FileOpen $0 "$TEMP\setup-stopped" w
      FileClose $0
      Sleep 600000
    !endif
  !endif
!macroend

Section
  ${If} ${Silent}
    Call CloseProgram
  ${EndIf}
  !insertmacro stop_at 1

  ; the program, then what removes it: each written beside the old one, then renamed over it
  SetOutPath "$INSTDIR"
  File "/oname=cert-assistant-new.exe" "${FILES}/${EXE}"
  !insertmacro stop_at 2
  !insertmacro replace "cert-assistant"
  !insertmacro stop_at 4
  WriteUninstaller "$INSTDIR\uninstall-new.exe"
  !insertmacro replace "uninstall"
  File "${FILES}/LICENSE.txt"
  File "${FILES}/NOTICE.txt"
  File "${FILES}/licences.txt"
  !insertmacro stop_at 5

  ; where it is and how it is removed
  WriteRegStr SHCTX "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${KEY}" "Version" "${VERSION}"
  WriteRegStr SHCTX "${KEY}" "Language" "$LANGUAGE"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "$(Product)"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\${EXE},0"
  WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "$(Publisher)"
  WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" ${SIZE}
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1

  ; Win+R and links
  WriteRegStr SHCTX "${APP_PATH}" "" "$INSTDIR\${EXE}"
  ; the name over its messages
  WriteRegStr SHCTX "${MESSAGES}" "DisplayName" "$(Product)"
  WriteRegStr SHCTX "${LINKS}" "" "URL:$(Product)"
  WriteRegStr SHCTX "${LINKS}" "URL Protocol" ""
  WriteRegStr SHCTX "${LINKS}\DefaultIcon" "" "$INSTDIR\${EXE},0"
  WriteRegStr SHCTX "${LINKS}\shell\open\command" "" '"$INSTDIR\${EXE}" --open "%1"'

  Call Shortcuts
  Call Autostart
  ${If} $MultiUser.InstallMode == "AllUsers"
    Call Presets
    Call RemoveOwnCopy
  ${EndIf}
  !insertmacro sweep "$INSTDIR"
  ; SHCNE_ASSOCCHANGED: the icons of links and shortcuts
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
  SetErrorLevel ${DONE}
SectionEnd

Section un.
  Call un.CloseProgram
  !insertmacro remove_program "$INSTDIR"
  Call un.RemoveAutostart
  ${If} $MultiUser.InstallMode == "AllUsers"
    ; only when no administrator put anything there
    RMDir "$APPDATA\${ID}"
  ${EndIf}
  Call un.RemoveSettings
SectionEnd
