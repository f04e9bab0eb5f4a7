; How the program is removed, by its uninstaller or because it is now installed for everybody.
;
; Invariants
; * Only what the setup put there is removed, by its name; a folder goes when it is empty.
; * Settings, records and logs of the person stay unless the person says otherwise (or /PURGE). Those of others always stay.
; * An order that is under way is never lost silently: the question names it, and /PURGE /S keeps the folder with the orders.

Var Purge
Var PurgeBox
Var Orders

!define PERSON_DATA "$LOCALAPPDATA\${ID}"

!macro remove_program FOLDER
  ClearErrors
  Delete "${FOLDER}\${EXE}"
  ${If} ${FileExists} "${FOLDER}\${EXE}"
    ; another person runs it
    !insertmacro step_aside "${FOLDER}" "cert-assistant"
  ${EndIf}
  Delete "${FOLDER}\LICENSE.txt"
  Delete "${FOLDER}\NOTICE.txt"
  Delete "${FOLDER}\licences.txt"
  !insertmacro sweep "${FOLDER}"
  ; the uninstaller works from a copy of itself and may be quicker than the end of the first one
  StrCpy $0 0
  ${Do}
    Delete "${FOLDER}\uninstall.exe"
    ClearErrors
    RMDir "${FOLDER}"
    ${IfNot} ${Errors}
    ${OrIf} $0 >= 20
      ${ExitDo}
    ${EndIf}
    IntOp $0 $0 + 1
    Sleep 100
  ${Loop}
  RMDir /REBOOTOK "${FOLDER}"
  ${If} "${FOLDER}" == "$LOCALAPPDATA\Programs\${ID}"
    ; the setup may have made it; it goes when it is empty
    RMDir "$LOCALAPPDATA\Programs"
  ${EndIf}
  SetRebootFlag false
  Delete "$DESKTOP\${NAME_ZH}.lnk"
  Delete "$DESKTOP\${NAME_EN}.lnk"
  Delete "$SMPROGRAMS\${NAME_ZH}.lnk"
  Delete "$SMPROGRAMS\${NAME_EN}.lnk"
  DeleteRegKey SHCTX "${UNINSTALL}"
  DeleteRegKey SHCTX "${APP_PATH}"
  DeleteRegKey SHCTX "${LINKS}"
  DeleteRegKey SHCTX "${MESSAGES}"
  ; which the setup may have made
  DeleteRegKey /ifempty SHCTX "Software\Classes\AppUserModelId"
  DeleteRegKey SHCTX "${KEY}"
!macroend

; The copy of this person goes when the program is installed for everybody; its start with Windows moves over.
Function RemoveOwnCopy
  ${If} $PersonFolder == ""
    Return
  ${EndIf}
  ReadRegStr $0 HKCU "${RUN}" "${ID}"
  ${If} $0 != ""
    WriteRegStr HKCU "${RUN}" "${ID}" '"$INSTDIR\${EXE}" --background'
  ${EndIf}
  SetShellVarContext current
  !insertmacro remove_program "$PersonFolder"
  SetShellVarContext all
FunctionEnd

Function un.onInit
  SetRegView 64
  ReadRegStr $LANGUAGE HKCU "${KEY}" "Language"
  ReadRegStr $0 HKLM "${KEY}" "InstallLocation"
  !insertmacro MULTIUSER_UNINIT
  ${If} $0 == $INSTDIR
    ReadRegStr $LANGUAGE HKLM "${KEY}" "Language"
    ${If} $MultiUser.Privileges != "Admin"
      MessageBox MB_OK|MB_ICONSTOP "$(NeedsAdministrator)" /SD IDOK
      SetErrorLevel ${NEEDS_ADMINISTRATOR}
      Quit
    ${EndIf}
    Call un.MultiUser.InstallMode.AllUsers
  ${Else}
    Call un.MultiUser.InstallMode.CurrentUser
  ${EndIf}
  StrCpy $Purge 0
  ${un.GetParameters} $R0
  ClearErrors
  ${un.GetOptions} $R0 "/PURGE" $R1
  ${IfNot} ${Errors}
    StrCpy $Purge 1
  ${EndIf}
  Call un.CountOrders
FunctionEnd

; Orders of this person that are under way: their files end with a field that says when they ended.
Function un.CountOrders
  StrCpy $Orders 0
  SetShellVarContext current
  ClearErrors
  FindFirst $0 $1 "${PERSON_DATA}\data\orders\*.json"
  ${DoUntil} ${Errors}
    FileOpen $2 "${PERSON_DATA}\data\orders\$1" r
    FileSeek $2 -40 END
    ${Do}
      ClearErrors
      FileRead $2 $3
      ${If} ${Errors}
        ${ExitDo}
      ${EndIf}
      ${UnStrStr} $4 $3 '"finished": null'
      ${If} $4 != ""
        IntOp $Orders $Orders + 1
        ${ExitDo}
      ${EndIf}
    ${Loop}
    FileClose $2
    ClearErrors
    FindNext $0 $1
  ${Loop}
  FindClose $0
  ${If} $MultiUser.InstallMode == "AllUsers"
    SetShellVarContext all
  ${EndIf}
FunctionEnd

Function un.Confirm
  !insertmacro MUI_HEADER_TEXT "$(RemoveTitle)" "$(RemoveSubtitle)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateLabel} 0 4u 100% 24u "$(RemoveWhat)"
  Pop $0
  ${NSD_CreateCheckbox} 0 36u 100% 12u "$(RemoveSettings)"
  Pop $PurgeBox
  ${NSD_SetState} $PurgeBox $Purge
  ${NSD_CreateLabel} 12u 50u -12u 20u "$(RemoveSettingsMore)"
  Pop $0
  ${If} $Orders > 0
    ${NSD_CreateLabel} 0 80u 100% 32u "$(OrdersUnderWay)"
    Pop $0
  ${EndIf}
  GetDlgItem $0 $HWNDPARENT 1
  SendMessage $0 ${WM_SETTEXT} 0 "STR:$(^UninstallBtn)"
  nsDialogs::Show
FunctionEnd

Function un.ConfirmLeave
  ${NSD_GetState} $PurgeBox $Purge
  ${If} $Purge = 1
  ${AndIf} $Orders > 0
    MessageBox MB_YESNO|MB_ICONEXCLAMATION|MB_DEFBUTTON2 "$(OrdersGo)" IDYES +2
    Abort
  ${EndIf}
FunctionEnd

; The start with Windows, of everybody who is signed in when it was installed for everybody.
Function un.RemoveAutostart
  StrCpy $3 '"$INSTDIR\${EXE}" --background'
  ReadRegStr $2 HKCU "${RUN}" "${ID}"
  ${If} $2 == $3
    DeleteRegValue HKCU "${RUN}" "${ID}"
  ${EndIf}
  ${If} $MultiUser.InstallMode == "AllUsers"
    DeleteRegValue HKLM "${RUN}" "${ID}"
    StrCpy $0 0
    ${Do}
      EnumRegKey $1 HKU "" $0
      ${If} $1 == ""
        ${ExitDo}
      ${EndIf}
      ReadRegStr $2 HKU "$1\${RUN}" "${ID}"
      ${If} $2 == $3
        DeleteRegValue HKU "$1\${RUN}" "${ID}"
      ${EndIf}
      IntOp $0 $0 + 1
    ${Loop}
  ${EndIf}
FunctionEnd

Function un.RemoveSettings
  ${If} $Purge = 0
    Return
  ${EndIf}
  SetShellVarContext current
  ${If} ${Silent}
  ${AndIf} $Orders > 0
    RMDir /r "${PERSON_DATA}\cache"
    ClearErrors
    FindFirst $0 $1 "${PERSON_DATA}\data\*.*"
    ${DoUntil} ${Errors}
      ${If} $1 != "."
      ${AndIf} $1 != ".."
      ${AndIf} $1 != "orders"
        RMDir /r "${PERSON_DATA}\data\$1"
        Delete "${PERSON_DATA}\data\$1"
      ${EndIf}
      ClearErrors
      FindNext $0 $1
    ${Loop}
    FindClose $0
  ${Else}
    RMDir /r "${PERSON_DATA}"
  ${EndIf}
  RMDir /r "$APPDATA\${ID}"
FunctionEnd
