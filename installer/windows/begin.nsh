; What is decided before the first page: may it be installed here, for whom, over what, in which language.
;
; MultiUser.nsh is used for what it is good at, the privileges and the page. Its own reading of switches and of the registry is
; not: it would forget the folder of /D=, look for switches inside of paths, and show a message in a silent run.

!macro refuse TEXT CODE
  MessageBox MB_OK|MB_ICONSTOP "${TEXT}" /SD IDOK
  SetErrorLevel ${CODE}
  Quit
!macroend

; 1 in OUT when the switch is given.
!macro switch NAME OUT
  ClearErrors
  ${GetOptions} $R0 "${NAME}" $R1
  ${If} ${Errors}
    StrCpy ${OUT} 0
  ${Else}
    StrCpy ${OUT} 1
  ${EndIf}
!macroend

Function .onInit
  SetRegView 64
  ; set before this only by /D=
  StrCpy $Given $INSTDIR
  ReadRegStr $MachineFolder HKLM "${KEY}" "InstallLocation"
  ReadRegStr $MachineVersion HKLM "${KEY}" "Version"
  ReadRegStr $PersonFolder HKCU "${KEY}" "InstallLocation"
  ReadRegStr $PersonVersion HKCU "${KEY}" "Version"
  Call ChooseLanguage
  !insertmacro MULTIUSER_INIT
  ; texts are those of the chosen language only after this function
  ${If} ${Silent}
    Call Begin
  ${EndIf}
FunctionEnd

; The one of the switch, of the installation before, of the system; asked for when it is installed for the first time.
Function ChooseLanguage
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/LANG=" $R1
  ${IfNot} ${Errors}
    ${If} $R1 == "zh"
    ${OrIf} $R1 == "${LANG_SIMPCHINESE}"
      StrCpy $LANGUAGE ${LANG_SIMPCHINESE}
    ${Else}
      StrCpy $LANGUAGE ${LANG_ENGLISH}
    ${EndIf}
    Return
  ${EndIf}
  ReadRegStr $R1 HKLM "${KEY}" "Language"
  ${If} $R1 == ""
    ReadRegStr $R1 HKCU "${KEY}" "Language"
  ${EndIf}
  ${If} $R1 != ""
    StrCpy $LANGUAGE $R1
  ${Else}
    !insertmacro MUI_LANGDLL_DISPLAY
  ${EndIf}
FunctionEnd

; Before the window shows.
Function Shown
  Call Begin
FunctionEnd

Function Begin
  System::Call 'kernel32::CreateMutexW(p 0, i 0, w "Global\cert-assistant-setup") p .r0 ?e'
  Pop $0
  ${If} $0 = 183
    !insertmacro refuse "$(SetupRuns)" ${RUNNING}
  ${EndIf}
  ${IfNot} ${AtLeastWin10}
    !insertmacro refuse "$(TooOld)" ${TOO_OLD}
  ${EndIf}

  ${GetParameters} $R0
  !insertmacro switch "/AllUsers" $R2
  !insertmacro switch "/CurrentUser" $R3
  !insertmacro switch "/ALLOWDOWNGRADE" $R4
  ${If} $R2 = 1
  ${AndIf} $R3 = 1
    !insertmacro refuse "$(TwoModes)" ${SWITCHES}
  ${EndIf}

  ; for whom: as it is installed, else as wanted
  ${If} $MachineFolder != ""
    ${If} $R3 = 1
      !insertmacro refuse "$(ForEverybodyAlready)" ${SWITCHES}
    ${EndIf}
    StrCpy $R2 1
  ${ElseIf} $PersonFolder != ""
  ${AndIf} $R2 = 0
    StrCpy $R3 1
  ${EndIf}
  ${If} $R2 = 1
    ${If} $MultiUser.Privileges != "Admin"
      !insertmacro refuse "$(NeedsAdministrator)" ${NEEDS_ADMINISTRATOR}
    ${EndIf}
    Call MultiUser.InstallMode.AllUsers
  ${ElseIf} $R3 = 1
    Call MultiUser.InstallMode.CurrentUser
  ${EndIf}
  ${If} $Given != ""
    ${If} $INSTDIR != $Given
      !insertmacro refuse "$(OtherFolder)" ${SWITCHES}
    ${EndIf}
    ${GetRoot} $Given $0
    ${If} $0 == ""
      !insertmacro refuse "$(OtherFolder)" ${SWITCHES}
    ${EndIf}
  ${EndIf}

  ; over what
  StrCpy $1 $OldVersion
  ${If} $1 == ""
    StrCpy $1 $PersonVersion
  ${EndIf}
  ${If} $1 != ""
  ${AndIf} $R4 = 0
    ${VersionCompare} "${VERSION}" "$1" $0
    ${If} $0 = 2
      StrCpy $OldVersion $1
      MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(Older)" /SD IDNO IDYES older
      SetErrorLevel ${NEWER_INSTALLED}
      Quit
      older:
    ${EndIf}
  ${EndIf}
  Call Welcome
  Call WhatIsWanted
FunctionEnd

; Called by MultiUser.nsh when the mode is set: the folder, and what is there.
Function ModeChosen
  ${If} $MultiUser.InstallMode == "AllUsers"
    StrCpy $Installed $MachineFolder
    StrCpy $OldVersion $MachineVersion
    StrCpy $INSTDIR "$PROGRAMFILES64\${ID}"
  ${Else}
    StrCpy $Installed $PersonFolder
    StrCpy $OldVersion $PersonVersion
    StrCpy $INSTDIR "$LOCALAPPDATA\Programs\${ID}"
  ${EndIf}
  ${If} $Installed != ""
    StrCpy $INSTDIR $Installed
  ${ElseIf} $Given != ""
    StrCpy $INSTDIR $Given
  ${EndIf}
FunctionEnd

Function Welcome
  ${If} $Installed != ""
    ${If} $OldVersion == "${VERSION}"
      StrCpy $WelcomeText "$(WelcomeAgain)"
    ${Else}
      StrCpy $WelcomeText "$(WelcomeUpdate)"
    ${EndIf}
  ${ElseIf} $MultiUser.Privileges == "Admin"
    StrCpy $WelcomeText "$(WelcomeFirst)"
  ${Else}
    StrCpy $WelcomeText "$(WelcomeFirst)$\r$\n$\r$\n$(OnlyForYou)"
  ${EndIf}
  ${If} $PersonFolder != ""
  ${AndIf} $MultiUser.InstallMode == "AllUsers"
    StrCpy $WelcomeText "$WelcomeText$\r$\n$\r$\n$(OwnCopyGoes)"
  ${EndIf}
FunctionEnd

; Pages with what was decided at the first installation.
Function OnlyFirst
  ${If} $Installed != ""
    Abort
  ${EndIf}
FunctionEnd
